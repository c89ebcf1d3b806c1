"""From what a source says to Kafka: in order, and without loss."""
