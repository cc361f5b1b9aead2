"""Studies: lists of runs that answer a question together.

A study is data (`plan`), some come ready-made (`ready`). Its folder holds the definition and
an ordinary run folder for each run (`folder`); `runner` has the runs done, here or on a
cluster, by `worker`; `results` reads what came out.
"""
