"""Studies: many runs, compared in one table. A visitor travels: file -> trials -> processes -> results -> page.

`config` is the file; `trials` the runs it asks for, `states` what of them is there; `running` and `work` do them, each
in a process of its own; `results` reads what came of them; `summary` and `intervals` are the statistics, `page` the
words.
"""
