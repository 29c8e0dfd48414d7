"""Bring a data set as distributed into the form that training reads."""

from tf_ganaug.commands.prepare_data import prepare_data

if __name__ == "__main__":
    prepare_data()
