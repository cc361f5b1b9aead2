"""`python -m tests.small_lab FLAGS`: the lab's command line with small datasets, for processes.

The files must lie in `LENET_DATA_DIR`, as the fixture `small_dataset` puts them there, or in
`--data_dir`. Where a person's datasets may be, it refuses to run.
"""

import os
import sys

from lenet.catalog import DATASETS
from lenet.cli.main import main
from lenet.paths import absolute
from lenet.runs import launcher
from tests.idx_files import OWN_FOLDER, refuse_real_data, small_info

if __name__ == "__main__":
    flags = dict(zip(sys.argv, sys.argv[1:], strict=False))
    if not (folder := flags.get("--data_dir") or os.environ.get("LENET_DATA_DIR")):
        sys.exit(OWN_FOLDER)
    for name in DATASETS:
        refuse_real_data(absolute(folder) / name / "raw")
    launcher.PROGRAM = "tests.small_lab"
    DATASETS.update({name: small_info(name) for name in DATASETS})
    sys.exit(main())
