"""The documentation site: `python -m tools.site` writes it to build/site.

Its sources are laid out anew in build/pages: what stands in docs/, notebooks as pages, and a
reference that is made of the thing itself, so that no copy can fall behind. Sphinx makes HTML of
them; beside each page lies its Markdown twin, and llms.txt names them all.
"""
