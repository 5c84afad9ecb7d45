"""1 ASK: where bars come from. Every source names itself and says whether its prices are real."""
