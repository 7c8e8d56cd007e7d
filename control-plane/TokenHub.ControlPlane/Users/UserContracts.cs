using TokenHub.ControlPlane.OpenApi;

namespace TokenHub.ControlPlane.Users;

/// <summary>A user as the API shows it.</summary>
internal sealed record UserView
{
    public required string Id { get; init; }
    public required string Email { get; init; }

    [Allowed("admin", "member", "auditor")]
    public required string Role { get; init; }

    [Allowed("active", "disabled")]
    public required string Status { get; init; }

    /// <summary>Requests that all keys of the user may have open at once.</summary>
    public required int MaxConcurrency { get; init; }

    /// <summary>Requests a minute of all keys of the user together; null: no limit.</summary>
    public int? Rpm { get; init; }

    /// <summary>Tokens a minute of all keys of the user together; null: no limit.</summary>
    public int? Tpm { get; init; }

    /// <summary>The user's part of channels that are full, against those of other users.</summary>
    public required int Weight { get; init; }

    public required long Version { get; init; }
    public required DateTime CreatedAt { get; init; }
}

/// <summary>A new user.</summary>
internal sealed record CreateUser
{
    public required string Email { get; init; }
    public required string Password { get; init; }

    /// <summary>A member when left out.</summary>
    [Allowed("admin", "member", "auditor")]
    public string? Role { get; init; }

    public int? MaxConcurrency { get; init; }

    /// <summary>Requests a minute of all keys of the user together; null: no limit.</summary>
    public int? Rpm { get; init; }

    /// <summary>Tokens a minute of all keys of the user together; null: no limit.</summary>
    public int? Tpm { get; init; }

    /// <summary>1 when left out.</summary>
    public int? Weight { get; init; }
}

/// <summary>A change of a user; fields that are left out stay as they are.</summary>
internal sealed record UpdateUser
{
    [Allowed("admin", "member", "auditor")]
    public string? Role { get; init; }
    [Allowed("active", "disabled")]
    public string? Status { get; init; }
    public int? MaxConcurrency { get; init; }

    /// <summary>Requests a minute of all keys of the user together; null: no limit.</summary>
    public int? Rpm { get; init; }

    /// <summary>Tokens a minute of all keys of the user together; null: no limit.</summary>
    public int? Tpm { get; init; }

    public int? Weight { get; init; }

    /// <summary>A new password; ends the user's sessions.</summary>
    public string? Password { get; init; }
}
