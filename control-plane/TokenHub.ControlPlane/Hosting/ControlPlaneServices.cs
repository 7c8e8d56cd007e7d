using Npgsql;
using TokenHub.ControlPlane.Affinity;
using TokenHub.ControlPlane.Changes;
using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.Events;
using TokenHub.ControlPlane.Health;
using TokenHub.ControlPlane.Groups;
using TokenHub.ControlPlane.Internal;
using TokenHub.ControlPlane.Keys;
using TokenHub.ControlPlane.Metrics;
using TokenHub.ControlPlane.Options;
using TokenHub.ControlPlane.Prices;
using TokenHub.ControlPlane.Publishing;
using TokenHub.ControlPlane.Quota;
using TokenHub.ControlPlane.Routing;
using TokenHub.ControlPlane.Sealing;
using TokenHub.ControlPlane.Sessions;
using TokenHub.ControlPlane.Settings;
using TokenHub.ControlPlane.Site;
using TokenHub.ControlPlane.Status;
using TokenHub.ControlPlane.Upstreams;
using TokenHub.ControlPlane.Usage;
using TokenHub.ControlPlane.Users;
using TokenHub.ControlPlane.Accounts;
using TokenHub.Ledger;
using TokenHub.Ledger.Corrections;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Reconciliation;
using TokenHub.Ledger.Sealing;
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

        services.AddLedger();
        services.AddPublishing();
        services.AddSingleton(CreateIngest);
        services.AddSingleton<SiteFiles>();
        services.AddSingleton<EventBus>();
        services.AddSingleton<ConsoleNews>();
        services.AddSingleton<ChangeNotices>();
        services.AddSingleton<UsageNews>();

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
        services.AddSingleton<Corrector>();
        services.AddSingleton<RequestCorrection>();
        services.AddSingleton<Sealer>();
        AddHeads(services, options, backends);
        services.AddSingleton<LedgerGauges>();

        services.AddSingleton<KeyQueries>();
        services.AddSingleton<KeyChange>();

        services.AddSingleton<UpstreamRules>();
        services.AddSingleton<UpstreamConnector>();
        services.AddSingleton<ChannelQueries>();
        services.AddSingleton<ChannelRules>();
        services.AddSingleton<ChannelChange>();
        services.AddSingleton<ChannelProbe>();
        services.AddSingleton<UpstreamModelList>();
        services.AddSingleton<ReplacedCredentials>();
        services.AddSingleton<CredentialSeal>();
        services.AddSingleton<QuotaReader>();
        services.AddSingleton<ChannelStandings>();

        services.AddSingleton<AffinityRuleQueries>();
        services.AddSingleton<AffinityRuleChange>();

        services.AddSingleton<HealthQueries>();
        services.AddSingleton<HealthProbes>();

        services.AddSingleton<GroupQueries>();
        services.AddSingleton<GroupChange>();
        services.AddSingleton<RoutingLive>();
        services.AddSingleton<RouteExplainer>();

        services.AddSingleton<PriceQueries>();
        services.AddSingleton<PriceChange>();
        services.AddSingleton<SettingQueries>();

        services.AddSingleton<ServerChecks>();
        services.AddSingleton<StatusReader>();
        if (backends is null)
        {
            RemoveOwnLoops(services);
        }
        else
        {
            services.AddHostedService(provider => provider.GetRequiredService<ConsoleNews>());
            services.AddHostedService(provider => provider.GetRequiredService<UsageNews>());
            services.AddHostedService<StatusWatch>();
            services.AddHostedService<Housekeeping>();
            services.AddHostedService<SealingLoop>();
            services.AddHostedService(provider => provider.GetRequiredService<HealthProbes>());
        }
    }

    // Opened at once: a folder that cannot be written to is a reason not to start.
    private static void AddHeads(IServiceCollection services, ControlPlaneOptions options, Backends? backends)
    {
        var book = options.DataDir is { } folder && backends is not null
            ? HeadBook.Open(folder, options.MasterKey, options.MasterKeyOld)
            : null;
        services.AddSingleton(provider => new HeadKeeper(
            provider.GetRequiredService<NpgsqlDataSource>(), book, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new Verify(provider.GetRequiredService<NpgsqlDataSource>(), book));
    }

    private static void RemoveOwnLoops(IServiceCollection services)
    {
        var own = services.Where(service => service.ServiceType == typeof(IHostedService)
            && service.ImplementationType?.Assembly == typeof(ControlPlaneServices).Assembly);
        foreach (var service in own.ToList())
        {
            services.Remove(service);
        }
    }

    // The ledger's own registration, with news for open consoles beside the acknowledgement to Redis.
    private static UsageIngest CreateIngest(IServiceProvider provider)
    {
        var acknowledger = provider.GetRequiredService<Acknowledger>();
        var news = provider.GetRequiredService<UsageNews>();
        var metrics = provider.GetRequiredService<MoneyMetrics>();
        return new UsageIngest(
            provider.GetRequiredService<NpgsqlDataSource>(),
            batch =>
            {
                acknowledger.Enqueue(batch);
                news.Note(batch);
                metrics.Note(batch);
            },
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<UsageIngest>>());
    }
}
