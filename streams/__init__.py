"""What flows through Kafka, and what is worked out as it flows."""
