namespace TokenHub.Gateway.Planes;

/// <summary>
/// The control plane could not be reached, or answered with an error. The message never holds a secret.
/// </summary>
public sealed class PlaneUnavailableException(string message, Exception? cause = null) : Exception(message, cause);
