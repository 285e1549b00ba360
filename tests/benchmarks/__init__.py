"""How fast this library is beside others, as ratios from one interleaved run."""
