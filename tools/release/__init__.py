"""Makes a release: builds wheel and sdist, looks into them, tries and attests them: `make release`.

    python -m tools.release            into dist/, of a checkout without changes
    python -m tools.release --dirty    of one with changes: to see whether it would work

It publishes nothing, and makes no tag: CONTRIBUTING.md has what comes then.
"""
