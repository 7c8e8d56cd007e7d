namespace TokenHub.ControlPlane.Sessions;

/// <summary>How long sessions live.</summary>
internal static class SessionRules
{
    /// <summary>A session ends when it was not used for this long.</summary>
    public static readonly TimeSpan IdleMax = TimeSpan.FromHours(12);

    /// <summary>A session ends this long after the sign-in, however much it is used.</summary>
    public static readonly TimeSpan AgeMax = TimeSpan.FromDays(7);

    /// <summary>
    /// The last use is written down at most this often, so that reading does not cost a write each time.
    /// </summary>
    public static readonly TimeSpan TouchEvery = TimeSpan.FromMinutes(1);

    /// <summary>More sessions of one user end the oldest.</summary>
    public const int PerUserMax = 50;
}
