using TokenHub.ControlPlane.Events;
using TokenHub.ControlPlane.Publishing;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Changes;

/// <summary>
/// Spreads the news of a committed change: first to the gateways, then to open consoles. The database keeps the news as
/// well, so nothing is lost when Redis is away; the gateways then hear of it as soon as it is back. A caller who leaves
/// does not take the news with him.
/// </summary>
internal sealed class ChangeNotices(ConsoleNews news, ChangePublisher gateways)
{
    public async Task KeyChangedAsync(long id, long owner)
    {
        await gateways.TellAsync();
        news.Publish(Topics.Keys, owner, WireId.Format(WireId.Key, id));
    }

    public async Task UserChangedAsync(long id)
    {
        await gateways.TellAsync();
        news.Publish(Topics.Users, ConsoleEvent.Staff, WireId.Format(WireId.User, id));
    }

    /// <param name="owner">Null when the platform itself owns the channel.</param>
    public async Task ChannelChangedAsync(long id, long? owner)
    {
        await gateways.TellAsync();
        news.Publish(Topics.Channels, owner ?? ConsoleEvent.Staff, WireId.Format(WireId.Channel, id));
    }

    public async Task AffinityChangedAsync(long id)
    {
        await gateways.TellAsync();
        news.Publish(Topics.Affinity, ConsoleEvent.Staff, WireId.Format(WireId.AffinityRule, id));
    }

    public async Task GroupChangedAsync(string name)
    {
        await gateways.TellAsync();
        news.Publish(Topics.Groups, ConsoleEvent.Staff, name);
    }

    public async Task PricesChangedAsync(long id)
    {
        await gateways.TellAsync();
        news.Publish(Topics.Prices, ConsoleEvent.Everyone, WireId.Format(WireId.Price, id));
    }

    public async Task SettingsChangedAsync()
    {
        await gateways.TellAsync();
        news.Publish(Topics.Settings, ConsoleEvent.Everyone);
        news.Publish(Topics.Prices, ConsoleEvent.Everyone);
    }

    public async Task WalletChangedAsync(long userId)
    {
        await gateways.TellAsync();
        news.Publish(Topics.Wallet, userId, WireId.Format(WireId.User, userId));
    }
}
