"""Where the market enters: sources, and the publisher that carries them to Kafka."""
