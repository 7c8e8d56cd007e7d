using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Keys;

/// <summary>From the stored key to the two answers that show it.</summary>
internal static class KeyViews
{
    public static KeyView ToView(this KeyRow row) => new()
    {
        Id = row.WireName,
        UserId = WireId.Format(WireId.User, row.UserId),
        Name = row.Name,
        Shown = row.Shown,
        Models = row.Models,
        Channels = [.. row.ChannelIds.Select(id => WireId.Format(WireId.Channel, id))],
        Groups = row.Groups,
        ExpiresAt = row.ExpiresAt,
        SpendLimit = row.SpendLimitUnits is { } units ? new Usd(units) : null,
        Spent = new Usd(row.SpentUnits),
        Rpm = row.Rpm,
        Tpm = row.Tpm,
        MaxConcurrency = row.MaxConcurrency,
        IpAllow = row.IpAllow,
        Unsupported = row.Unsupported,
        Status = row.Status,
        Enabled = row.Status == "active",
        Version = row.Version,
        CreatedAt = row.CreatedAt,
    };

    public static KeyWithSecret WithSecret(this KeyRow row, string secret)
    {
        var view = row.ToView();
        return new KeyWithSecret
        {
            Id = view.Id,
            UserId = view.UserId,
            Name = view.Name,
            Shown = view.Shown,
            Models = view.Models,
            Channels = view.Channels,
            Groups = view.Groups,
            ExpiresAt = view.ExpiresAt,
            SpendLimit = view.SpendLimit,
            Spent = view.Spent,
            Rpm = view.Rpm,
            Tpm = view.Tpm,
            MaxConcurrency = view.MaxConcurrency,
            IpAllow = view.IpAllow,
            Unsupported = view.Unsupported,
            Status = view.Status,
            Enabled = view.Enabled,
            Version = view.Version,
            CreatedAt = view.CreatedAt,
            Secret = secret,
        };
    }
}
