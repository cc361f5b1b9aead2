"""LeNet-5 lab: train, evaluate and use LeNet-5 on Fashion-MNIST and MNIST.

Nothing is imported here, so that `import lenet` costs nothing (torch takes about two seconds).
"""

__version__ = "0.2.0"
