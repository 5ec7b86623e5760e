"""Other systems at the same work, in the same run: three steps in a row, about 200 bytes each, fsync on.

Their packages go into an environment of their own under Amends' home folder, for ``make bench-full`` only. Each peer
has the best settings we found that keep every step durable; they stand beside its code.
"""
