// CProcess
