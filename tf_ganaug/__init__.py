"""GAN-based data augmentation for image segmentation: reference implementations of five papers."""

__version__ = "0.1.0"
