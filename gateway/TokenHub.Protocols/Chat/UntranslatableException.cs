namespace TokenHub.Protocols.Chat;

/// <summary>
/// A request that cannot be put into the upstream's dialect without losing what it asks for, or that is no request of
/// its own dialect. The message is for the caller: which member, and why.
/// </summary>
public sealed class UntranslatableException(string message, string? param = null) : Exception(message)
{
    /// <summary>The member at fault, as the caller wrote it: <c>messages.3.content</c>.</summary>
    public string? Param { get; } = param;
}
