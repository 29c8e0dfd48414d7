"""`python -m tf_ganaug.golden DIR` is `tf-ganaug golden DIR`."""

from tf_ganaug.commands.golden import golden

if __name__ == "__main__":
    golden(prog_name="python -m tf_ganaug.golden")
