"""Measure this machine: seconds per step, images per second and peak memory of an experiment's steps."""

from tf_ganaug.commands.benchmark import benchmark

if __name__ == "__main__":
    benchmark()
