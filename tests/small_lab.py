"""`python -m tests.small_lab FLAGS`: the lab's command line with small datasets, for processes.

The files must lie in `LENET_DATA_DIR`, as the fixture `small_dataset` puts them there.
"""

import sys

from lenet.catalog import DATASETS
from lenet.cli.main import main
from lenet.runs import launcher
from tests.idx_files import small_info

if __name__ == "__main__":
    launcher.PROGRAM = "tests.small_lab"
    DATASETS.update({name: small_info(name) for name in DATASETS})
    sys.exit(main())
