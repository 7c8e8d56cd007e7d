namespace TokenHub.ControlPlane.Users;

/// <summary>A user as the API shows it.</summary>
internal sealed record UserView
{
    public required string Id { get; init; }
    public required string Email { get; init; }

    /// <summary><c>admin</c>, <c>member</c> or <c>auditor</c>.</summary>
    public required string Role { get; init; }

    /// <summary><c>active</c> or <c>disabled</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Requests that all keys of the user may have open at once.</summary>
    public required int MaxConcurrency { get; init; }

    public required long Version { get; init; }
    public required DateTime CreatedAt { get; init; }
}

/// <summary>A new user.</summary>
internal sealed record CreateUser
{
    public required string Email { get; init; }
    public required string Password { get; init; }

    /// <summary><c>admin</c>, <c>member</c> (when left out) or <c>auditor</c>.</summary>
    public string? Role { get; init; }

    public int? MaxConcurrency { get; init; }
}

/// <summary>A change of a user; fields that are left out stay as they are.</summary>
internal sealed record UpdateUser
{
    public string? Role { get; init; }
    public string? Status { get; init; }
    public int? MaxConcurrency { get; init; }

    /// <summary>A new password; ends the user's sessions.</summary>
    public string? Password { get; init; }
}
