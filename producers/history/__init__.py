"""What venues remember of the time nobody listened, told before their live word."""
