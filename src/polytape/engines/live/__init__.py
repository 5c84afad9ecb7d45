"""Engines that are updated bar by bar: equal, to the last bit, to the batch on the same bars."""
