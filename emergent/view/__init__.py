"""What a user sees: the replay window, clips and plots. Nothing is imported here."""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # or its import would print a line
