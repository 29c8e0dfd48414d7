"""`python -m tf_ganaug` is the console command `tf-ganaug`."""

from tf_ganaug.cli import main

if __name__ == "__main__":
    main(prog_name="tf-ganaug")
