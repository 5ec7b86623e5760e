"""The command line: ``amends …``. One file for each noun."""
