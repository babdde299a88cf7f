// COnnxRuntime
