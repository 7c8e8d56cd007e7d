namespace TokenHub.Gateway.Planes;

/// <summary>
/// The control plane could not be reached, or answered with an error. The message never holds a secret.
/// </summary>
/// <param name="status">The status it answered with; 0 when it did not answer.</param>
public sealed class PlaneUnavailableException(string message, Exception? cause = null, int status = 0)
    : Exception(message, cause)
{
    public int Status { get; } = status;
}
