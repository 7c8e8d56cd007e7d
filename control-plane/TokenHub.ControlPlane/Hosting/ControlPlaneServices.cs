using Npgsql;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Changes;
using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.Events;
using TokenHub.ControlPlane.Keys;
using TokenHub.ControlPlane.Options;
using TokenHub.ControlPlane.Prices;
using TokenHub.ControlPlane.Sessions;
using TokenHub.ControlPlane.Settings;
using TokenHub.ControlPlane.Status;
using TokenHub.ControlPlane.Upstreams;
using TokenHub.ControlPlane.Users;
using TokenHub.ControlPlane.Wallets;
using TokenHub.Ledger;
using TokenHub.Ledger.Balances;
using TokenHub.Ledger.Gateways;
using TokenHub.Ledger.Postings;
using TokenHub.Ledger.Reconciliation;
using TokenHub.Ledger.Requests;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Hosting;

/// <summary>The servers behind the control plane, connected before the host is built.</summary>
internal sealed record Backends(NpgsqlDataSource Database, RedisClient Redis) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        await Redis.DisposeAsync();
        await Database.DisposeAsync();
    }
}

/// <summary>Everything that lives as long as the process. All of it is thread-safe.</summary>
internal static class ControlPlaneServices
{
    public static void Add(IServiceCollection services, ControlPlaneOptions options, Backends? backends)
    {
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);

        if (backends is not null)
        {
            // Instances, so that the container leaves their end to whoever opened them.
            services.AddSingleton(backends.Database);
            services.AddSingleton(backends.Redis);
        }
        else
        {
            // For the OpenAPI document the routes are enough: nothing of this is ever connected.
            services.AddSingleton(_ => LedgerDatabase.Open("Host=localhost"));
            services.AddSingleton<RedisClient>(_ => throw new InvalidOperationException("Not connected."));
        }

        services.AddSingleton(provider => new Till(provider.GetRequiredService<RedisClient>().Runner));
        AddLedger(services);

        services.AddSingleton<PlaneTokenCheck>();
        services.AddSingleton<EventBus>();
        services.AddSingleton<ConsoleNews>();
        services.AddSingleton<ChangeNotices>();
        services.AddSingleton<IGatewayNews, StillGatewayNews>();

        services.AddSingleton<SessionQueries>();
        services.AddSingleton<SessionReader>();
        services.AddSingleton<SessionTokens>();
        services.AddSingleton<Passwords>();
        services.AddSingleton<LoginThrottle>();
        services.AddSingleton<SignIn>();

        services.AddSingleton<UserQueries>();
        services.AddSingleton<UserChange>();
        services.AddSingleton<FirstAdmin>();
        services.AddSingleton<CreditPosting>();

        services.AddSingleton<KeyQueries>();
        services.AddSingleton<KeyChange>();

        services.AddSingleton<UpstreamRules>();
        services.AddSingleton<UpstreamConnector>();
        services.AddSingleton<ChannelQueries>();
        services.AddSingleton<ChannelRules>();
        services.AddSingleton<ChannelChange>();
        services.AddSingleton<ChannelProbe>();
        services.AddSingleton<CredentialSeal>();

        services.AddSingleton<PriceQueries>();
        services.AddSingleton<PriceChange>();
        services.AddSingleton<SettingQueries>();

        services.AddSingleton<ServerChecks>();
        services.AddSingleton<StatusReader>();
        if (backends is not null)
        {
            services.AddHostedService(provider => provider.GetRequiredService<ConsoleNews>());
            services.AddHostedService<StatusWatch>();
            services.AddHostedService<Housekeeping>();
        }
    }

    private static void AddLedger(IServiceCollection services)
    {
        services.AddSingleton<GatewayRegistry>();
        services.AddSingleton<PostingReads>();
        services.AddSingleton<RequestReads>();
        services.AddSingleton<Verify>();
        services.AddSingleton<LiveBalances>();
        services.AddSingleton<Ledger.Balances.Wallets>();
        services.AddSingleton(provider => new Credits(provider.GetRequiredService<NpgsqlDataSource>()));
    }
}
