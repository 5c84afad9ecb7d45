"""Other protocols over the same service: each a folder with its prefixes, its routes and how its
errors look.
"""
