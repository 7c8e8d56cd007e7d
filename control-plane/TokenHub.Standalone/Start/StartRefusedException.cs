namespace TokenHub.Standalone.Start;

/// <summary>The start cannot go on, for a reason that a person can mend. The message says what to do.</summary>
public sealed class StartRefusedException(string message) : Exception(message);
