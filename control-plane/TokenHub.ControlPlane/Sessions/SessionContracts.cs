using TokenHub.ControlPlane.Users;

namespace TokenHub.ControlPlane.Sessions;

/// <summary>What a sign-in asks for.</summary>
internal sealed record LoginRequest
{
    public required string Email { get; init; }
    public required string Password { get; init; }
}

/// <summary>
/// A new session. The token goes into <c>Authorization: Bearer</c>; browsers have it in a cookie as well.
/// </summary>
internal sealed record LoginAnswer
{
    public required string Token { get; init; }

    /// <summary>The session ends then at the latest; earlier when it is not used.</summary>
    public required DateTime ExpiresAt { get; init; }

    public required UserView User { get; init; }
}

/// <summary>A change of one's own password; every other session of the user ends with it.</summary>
internal sealed record PasswordChange
{
    public required string CurrentPassword { get; init; }
    public required string NewPassword { get; init; }
}
