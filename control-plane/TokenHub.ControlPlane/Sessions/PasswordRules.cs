namespace TokenHub.ControlPlane.Sessions;

/// <summary>What a new password must be like: long enough; nothing else is asked.</summary>
internal static class PasswordRules
{
    public const int LengthMin = 8;

    /// <summary>A bound on the work that one sign-in can cause.</summary>
    public const int LengthMax = 1024;

    /// <summary>What is wrong with the password, or null.</summary>
    public static string? FaultOf(string password) => password.Length switch
    {
        < LengthMin => $"must have at least {LengthMin} characters",
        > LengthMax => $"must have at most {LengthMax} characters",
        _ => null,
    };
}
