"""The maths of volatility: pure, without Kafka, files or a clock of its own."""
