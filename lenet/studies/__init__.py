"""Studies: lists of runs that answer a question together.

`plan` defines one, `presets` has ready-made ones and `sweep` makes others. `folder` is a study on
disk, `runner` and `worker` train its runs, `results` and `summary` read what came out.
"""
