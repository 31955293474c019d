"""What computes the answers: ONNX Runtime in this process, or the model in a process of its own."""
