namespace TokenHub.ControlPlane.Events;

/// <summary>
/// "Something of this topic changed; ask again": never the data itself. <see cref="Audience"/> says who may know.
/// </summary>
internal sealed record ConsoleEvent(string Topic, long Audience, IReadOnlyList<string> Ids)
{
    /// <summary>Everybody who is signed in.</summary>
    public const long Everyone = 0;

    /// <summary>Those who see all rows: admins and auditors.</summary>
    public const long Staff = -1;

    /// <summary>Any other audience is a user's number: that user, and staff.</summary>
    public bool IsFor(long userId, bool seesAll) => seesAll || Audience == Everyone || Audience == userId;
}

/// <summary>The topics a client may listen to.</summary>
internal static class Topics
{
    public const string Affinity = "affinity";
    public const string Channels = "channels";
    public const string Groups = "groups";
    public const string Keys = "keys";
    public const string Prices = "prices";
    public const string Requests = "requests";
    public const string Settings = "settings";
    public const string Status = "status";
    public const string Users = "users";
    public const string Wallet = "wallet";

    /// <summary>Sent when events may have been missed: read everything again.</summary>
    public const string Sync = "sync";

    public static IReadOnlyList<string> All { get; } =
        [Affinity, Channels, Groups, Keys, Prices, Requests, Settings, Status, Users, Wallet, Sync];
}
