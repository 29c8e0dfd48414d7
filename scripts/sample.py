"""Draw pairs from a trained generator into ordinary image and label files."""

from tf_ganaug.commands.sample import sample

if __name__ == "__main__":
    sample()
