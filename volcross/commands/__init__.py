"""What is asked and answered once: checks, files, rules, silences."""
