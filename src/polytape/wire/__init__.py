"""HOW IT IS SAID: messages, codecs, retry, rate budget. No I/O; time and chance are arguments."""
