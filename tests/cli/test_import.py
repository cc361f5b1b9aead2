"""Weights from elsewhere on the command line: imported, used directly, trained on from."""

from pathlib import Path

import pytest

from tests.command import Lab, assert_refused

pytestmark = pytest.mark.usefixtures("small_dataset")

IMPORT = ("--mode", "import", "--json", "--checkpoint")
KNOWN = ("--activation", "tanh", "--normalization", "half")


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    import torch

    from tests.network.other_lenets import Blog, packed

    torch.manual_seed(0)
    (tmp_path / "theirs.pt").write_bytes(packed(Blog().state_dict()))
    return tmp_path / "theirs.pt"


def test_an_import_is_used_as_the_file_itself(
    theirs: Path, lab: Lab, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from lenet.network import checkpoint

    ours = tmp_path / "ours.pt"
    told = lab(*IMPORT, theirs, "--output", ours, *KNOWN).json
    assert told["output"] == str(ours)
    assert told["config"] == checkpoint.load(ours).config.model_dump()
    assert (told["config"]["activation"], told["config"]["kernel_size"]) == ("tanh", 3)
    assert any("combinations tried" in note for note in told["found"])
    assert_refused(lab(*IMPORT, theirs, "--output", ours), 2, "there already")
    assert_refused(lab(*IMPORT, theirs), 2, "--output")

    caplog.clear()
    evaluate = ("--mode", "eval", "--json", "--checkpoint")
    directly = lab(*evaluate, theirs, *KNOWN).json
    assert "combinations tried" in caplog.text
    assert "no effect" not in caplog.text
    again = lab(*evaluate, ours).json
    for figure in ("accuracy", "loss", "unsure", "confusion_matrix"):
        assert directly[figure] == again[figure]
    file = tmp_path / "lenet5.py"
    export = ("--mode", "export", "--format", "code", "--output", file)
    assert lab(*export, "--checkpoint", theirs, *KNOWN).status == 0
    assert "kernel_size=3" in file.read_text()
    plain = lab(*IMPORT[:2], "--checkpoint", theirs, "--output", ours, "--overwrite", 1)
    assert plain.out == f"{ours}: a checkpoint of this lab\n"


def test_a_training_begins_with_their_weights(lab: Lab, tmp_path: Path) -> None:
    import torch

    from lenet.network import checkpoint
    from tests.network.other_lenets import Tutorial, packed

    torch.manual_seed(0)
    (tmp_path / "theirs.pt").write_bytes(packed(Tutorial().state_dict()))
    train = ("--mode", "train", "--json", "--preset", "classic", "--epochs", 1, "--lr", 1e-9)
    small = ("--batch_size", 20, "--val_size", 40, "--init_from", tmp_path / "theirs.pt")
    told = lab(*train, *small, "--activation", "relu", "--output_dir", tmp_path / "run").json
    found = checkpoint.load(Path(told["checkpoint"]))
    assert found.config.conv2_kernel == 4
    assert found.config.epochs == 1
    begin = Tutorial()
    begin.load_state_dict(torch.load(tmp_path / "theirs.pt"))
    assert torch.allclose(found.weights["fc4.weight"], begin.fc3.weight, atol=1e-6)
    assert torch.allclose(found.weights["conv2.bias"], begin.fc1.bias, atol=1e-6)

    other = ("--batch_norm", 1, "--output_dir", tmp_path / "other")
    result = lab(*train, *small, "--init_from", told["checkpoint"], *other)
    assert_refused(result, 2, "other sizes", after_progress=True)
