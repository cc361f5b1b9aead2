"""What is slow to import waits until somebody needs it."""

import subprocess
import sys

import pytest

from lenet.paths import ROOT

NO_TORCH = "torch torchvision sklearn"
NOTHING = f"{NO_TORCH} numpy PIL streamlit"
CASES = {
    "help and summary": (
        "from lenet.cli.main import main\n"
        "assert main(['--mode', 'summary', '--json', '--preset', 'post']) == 0\n"
        "try: main(['--help'])\nexcept SystemExit: pass",
        NOTHING,
    ),
    "looking for a dataset": (
        "import lenet.data.reading; lenet.data.reading.locate('MNIST')",
        NOTHING,
    ),
    "loading a dataset": (
        "from lenet.data.splits import load_split\n"
        "try: load_split('MNIST', 'train', 'nowhere')\nexcept Exception: pass",
        "torchvision sklearn",
    ),
    "training": (
        "import torch\n"
        "from lenet.config import build_config\n"
        "from lenet.data.splits import Split\n"
        "from lenet.training.trainer import Trainer\n"
        "data = Split(torch.zeros(120, 28, 28, dtype=torch.uint8), torch.arange(120) % 10)\n"
        "trainer = Trainer(build_config({'val_size': 0, 'epochs': 1, 'batch_size': 64}), data)\n"
        "list(trainer.run())\n"
        "trainer.restore(trainer.state())",
        "torch._dynamo torchvision sklearn",
    ),
    "Inside": ("import lenet.ui.inside.attributions", "matplotlib"),
    "collecting tests": (
        "import pytest\n"
        "folders = ['tests/cli', 'tests/studies', 'tests/data/test_download.py']\n"
        "assert pytest.main(['--collect-only', '-q', '-p', 'no:cacheprovider', *folders]) == 0",
        NO_TORCH,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("code", "heavy"), CASES.values(), ids=CASES.keys())
def test_slow_modules_are_not_imported(code: str, heavy: str) -> None:
    code = f"import sys\n{code}\nloaded = {{*{heavy.split()}}} & {{*sys.modules}}\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}sys.exit(f'imported {{loaded}}' if loaded else 0)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
