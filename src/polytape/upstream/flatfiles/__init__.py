"""The vendor's flat files, one a day for the whole market: a folder of them, or a bucket."""
