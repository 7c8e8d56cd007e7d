using Microsoft.AspNetCore.HttpOverrides;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Affinity;
using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.Events;
using TokenHub.ControlPlane.Health;
using TokenHub.ControlPlane.Groups;
using TokenHub.ControlPlane.Hosting;
using TokenHub.ControlPlane.Internal;
using TokenHub.ControlPlane.Keys;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Metrics;
using TokenHub.ControlPlane.Options;
using TokenHub.ControlPlane.Prices;
using TokenHub.ControlPlane.Quota;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Routing;
using TokenHub.ControlPlane.Sessions;
using TokenHub.ControlPlane.Settings;
using TokenHub.ControlPlane.Site;
using TokenHub.ControlPlane.Status;
using TokenHub.ControlPlane.Usage;
using TokenHub.ControlPlane.Users;
using TokenHub.ControlPlane.Accounts;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane;

/// <summary>Builds the web application: services, the corridor of middleware, and the routes.</summary>
internal static class ControlPlaneHost
{
    private static readonly TimeSpan DrainMax = TimeSpan.FromSeconds(30);

    /// <param name="backends">Null while the OpenAPI document is made: nothing is connected then.</param>
    /// <param name="adjust">Replaces services; the last registration counts.</param>
    public static WebApplication Build(
        ControlPlaneOptions options, Backends? backends, Action<IServiceCollection>? adjust = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(ControlPlaneHost).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = JsonBodyReader.BytesMax;
            kestrel.Listen(options.ConsoleBind);
        });
        builder.Logging.SetMinimumLevel(options.LogLevel);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning);

        // Standard output is for what an operator must read, such as the first password; logs go beside it.
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = DrainMax);
        builder.Services.AddRouting();
        builder.Services.AddCors();
        builder.Services.ConfigureHttpJsonOptions(json => UseApiJson(json.SerializerOptions));
        builder.Services.AddOpenApi(DocumentRules.DocumentName, DocumentRules.Apply);
        ControlPlaneServices.Add(builder.Services, options, backends);
        adjust?.Invoke(builder.Services);
        var app = builder.Build();
        UseCorridor(app, options);
        MapRoutes(app, options);
        return app;
    }

    private static void UseApiJson(System.Text.Json.JsonSerializerOptions json)
    {
        var api = ApiJsonContext.Default.Options;
        json.TypeInfoResolverChain.Clear();
        json.TypeInfoResolverChain.Add(ApiJsonContext.Default);
        json.PropertyNamingPolicy = api.PropertyNamingPolicy;
        json.PropertyNameCaseInsensitive = false;
        json.NumberHandling = api.NumberHandling;
        json.DefaultIgnoreCondition = api.DefaultIgnoreCondition;
        json.UnmappedMemberHandling = api.UnmappedMemberHandling;
        json.RespectNullableAnnotations = api.RespectNullableAnnotations;
        foreach (var converter in api.Converters)
        {
            json.Converters.Add(converter);
        }
    }

    private static void UseCorridor(WebApplication app, ControlPlaneOptions options)
    {
        if (options.TrustedProxies.Count > 0)
        {
            var forwarded = new ForwardedHeadersOptions
            {
                ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
                ForwardLimit = null,
            };
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var network in options.TrustedProxies)
            {
                forwarded.KnownIPNetworks.Add(network);
            }

            app.UseForwardedHeaders(forwarded);
        }

        app.Use((context, next) =>
        {
            SecurityHeaders.Apply(context);
            return next(context);
        });
        app.UseMiddleware<ProblemMiddleware>();
        app.UseRouting();
        if (options.CorsOrigins.Count > 0)
        {
            app.UseCors(cors => cors
                .WithOrigins([.. options.CorsOrigins])
                .WithMethods("GET", "POST", "PUT", "PATCH", "DELETE")
                .WithHeaders("Authorization", "Content-Type", "Idempotency-Key", "If-Match", RequestIds.Header)
                .WithExposedHeaders("ETag", "Location", "Retry-After", RequestIds.Header));
        }

        app.UseMiddleware<SiteMiddleware>();
        app.UseMiddleware<AccessMiddleware>();
    }

    private static void MapRoutes(WebApplication app, ControlPlaneOptions options)
    {
        app.MapProbes();
        app.MapOpenApi("/api/v1/openapi.json");
        app.MapInternalEndpoints(options.PlaneToken);
        app.MapMetrics(options);
        var api = app.MapGroup("/api/v1");
        api.MapSessions();
        api.MapUsers();
        api.MapWallets();
        api.MapKeys();
        api.MapChannels();
        api.MapQuota();
        api.MapAffinityRules();
        api.MapChannelHealth();
        api.MapGroups();
        api.MapPrices();
        api.MapSettings();
        api.MapRouting();
        api.MapLedger();
        api.MapRequests();
        api.MapStatus();
        api.MapEvents();
    }
}
