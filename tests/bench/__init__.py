"""Speed as ratios measured in one run on one machine: `python -m tests.bench [name …] [--smoke]`.

Never part of a test: machines are noisy. DESIGN's targets stand beside each figure.
"""
