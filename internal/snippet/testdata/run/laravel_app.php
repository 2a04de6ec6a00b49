<?php
// A Laravel router with one route, without the rest of an application.
require getenv('ILLUMINATE');
require __DIR__ . '/app/Http/Controllers/HookController.php';

$app = new Illuminate\Container\Container();
$router = new Illuminate\Routing\Router(new Illuminate\Events\Dispatcher($app), $app);
$router->post('/hook', App\Http\Controllers\HookController::class);
$request = Illuminate\Http\Request::capture();
$app->instance(Illuminate\Http\Request::class, $request);
$router->dispatch($request)->send();
