namespace TokenHub.Core.Usage;

/// <summary>Why an attempt failed, and on which side. Values are stored: never renumber.</summary>
public enum AttemptFault : byte
{
    None = 0,
    ConnectFailed = 1,
    ConnectTimeout = 2,
    HeadersTimeout = 3,
    BadResponse = 4,
    UpstreamStatus = 5,
    ErrorBody = 6,
    EmptyAnswer = 7,
    IdleTimeout = 8,
    CutMidStream = 9,
    ClientGone = 10,
    AddressRefused = 11,
    CredentialUnreadable = 12,

    /// <summary>Nothing was sent: the request cannot be put into the channel's protocol.</summary>
    Untranslatable = 13,

    /// <summary>The upstream no longer takes the channel's credential.</summary>
    CredentialRefused = 14,

    /// <summary>What the channel's account may use or has paid for is used up.</summary>
    QuotaUsedUp = 15,
}
