namespace TokenHub.ControlPlane.Access;

/// <summary>How far a role reaches on a route.</summary>
internal enum Reach
{
    /// <summary>Refused with 403.</summary>
    None = 0,

    /// <summary>Only what is the caller's own; anything else answers as if it did not exist.</summary>
    Own = 1,

    All = 2,
}

/// <summary>Who is let in at all, before roles are looked at.</summary>
internal enum Door
{
    /// <summary>No sign-in is asked for.</summary>
    Open = 1,

    /// <summary>A session, by bearer token or cookie.</summary>
    Session = 2,

    /// <summary>The gateways' token, which the routes themselves check.</summary>
    Plane = 3,
}

/// <summary>One route and what each role may do there.</summary>
internal sealed record AccessRow(string Method, string Pattern, Door Door, Reach Admin, Reach Member, Reach Auditor)
{
    public string Route => $"{Method} {Pattern}";

    public Reach Of(Role role) => role switch
    {
        Role.Admin => Admin,
        Role.Member => Member,
        Role.Auditor => Auditor,
        _ => Reach.None,
    };
}
